-- May this request go out now? Asked before each one, by every process that uses the installation.
-- KEYS: content writes of the last hour (zset), what GitHub said last (hash), totals (hash)
-- ARGV: clock shift in ms, share of the content budget this kind may use (0: no content write),
--       writes a minute, writes an hour, is it progress (0 or 1), remaining, limit, reset in ms (-1: not seen)
-- Returns {0, 0}: go; {1, ms}: GitHub asked everybody to wait; {2, ms}: our own budget is used up.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])

if tonumber(ARGV[8]) >= 0 then
  redis.call('HSET', KEYS[2], 'remaining', ARGV[6], 'limit', ARGV[7], 'reset', ARGV[8])
  redis.call('PEXPIRE', KEYS[2], 7200000)
end
local said = redis.call('HMGET', KEYS[2], 'until', 'remaining', 'limit', 'reset')
local paused_until = tonumber(said[1] or '0')
if paused_until > now then
  return {1, paused_until - now}
end
-- The last tenth of the hour's requests is for what people wait for.
local reset = tonumber(said[4] or '0')
if ARGV[5] == '1' and reset > now and tonumber(said[2]) * 10 < tonumber(said[3]) then
  return {2, reset - now}
end

local share = tonumber(ARGV[2])
if share > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 3600000)
  local wait = 0
  for _, window in ipairs({{60000, tonumber(ARGV[3])}, {3600000, tonumber(ARGV[4])}}) do
    local allowed = math.floor(window[2] * share)
    if redis.call('ZCOUNT', KEYS[1], now - window[1] + 1, '+inf') >= allowed then
      local oldest = redis.call('ZREVRANGE', KEYS[1], allowed - 1, allowed - 1, 'WITHSCORES')
      wait = math.max(wait, tonumber(oldest[2]) + window[1] - now)
    end
  end
  if wait > 0 then
    return {2, wait}
  end
  local sequence = redis.call('HINCRBY', KEYS[3], 'content_writes', 1)
  redis.call('ZADD', KEYS[1], now, now .. ':' .. sequence)
  redis.call('PEXPIRE', KEYS[1], 3600000)
end
redis.call('HINCRBY', KEYS[3], 'requests', 1)
return {0, 0}
