-- Add pieces to a transcript, unless its writer was fenced off; a batch that is sent twice is added once.
-- ARGV: task, run, epoch ('' is not fenced), batch, header, now, age ms, half of the transcript's cap, the task's cap,
-- the server's cap, most runs, ended ('1' or ''), stopped, then for each piece: entries, raw bytes, bytes, payload
-- -> kept | fenced | full | again, payloads that were dropped, runs that were dropped
local task, run, epoch, batch = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now, age, half = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local task_cap, server_cap, most_runs = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local key, runs = 'pdev:log:' .. task .. ':' .. run, 'pdev:logs:' .. task
local function int(number) return string.format('%d', number) end
local function field(name) return tonumber(redis.call('HGET', key, name) or '0') end

if epoch ~= '' then
  local was = redis.call('HMGET', 'pdev:task:' .. task, 'state', 'epoch')
  if was[1] ~= 'running' or was[2] ~= epoch then return {'fenced', {}, {}} end
end
if tonumber(redis.call('HGET', key, 'batch') or '-1') >= batch then return {'again', {}, {}} end

local outcome, added, dropped = 'kept', 0, {}
local total = tonumber(redis.call('GET', 'pdev:logs:total') or '0')
local head_raw, tail_raw, first, pieces = field('head_raw'), field('tail_raw'), field('first'), field('pieces')
local stopped = ARGV[13]
for i = 14, #ARGV, 4 do
  local raw, size = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if total + added + size > server_cap then
    outcome, stopped = 'full', 'full'
    if #ARGV[i + 3] < 200 then dropped[#dropped + 1] = ARGV[i + 3] end
  else
    local element = ARGV[i] .. ',' .. int(raw) .. ',' .. int(size) .. ',' .. ARGV[i + 3]
    if tail_raw == 0 and first == pieces and head_raw + raw <= half then
      redis.call('RPUSH', key .. ':head', element)
      head_raw, first = head_raw + raw, first + 1
      redis.call('HINCRBY', key, 'heads', 1)
    else
      redis.call('RPUSH', key .. ':tail', element)
      tail_raw = tail_raw + raw
    end
    pieces, added = pieces + 1, added + size
    redis.call('HINCRBY', key, 'entries', ARGV[i])
    redis.call('HINCRBY', key, 'raw', int(raw))
    while tail_raw > half and redis.call('LLEN', key .. ':tail') > 1 do
      local oldest = redis.call('LPOP', key .. ':tail')
      local entries, gone, freed, payload = string.match(oldest, '^(%d+),(%d+),(%d+),(.*)$')
      tail_raw, first, added = tail_raw - tonumber(gone), first + 1, added - tonumber(freed)
      redis.call('HINCRBY', key, 'dropped_entries', entries)
      redis.call('HINCRBY', key, 'dropped_raw', gone)
      if #payload < 200 then dropped[#dropped + 1] = payload end  -- a file's name; what lies here is gone
    end
  end
end
redis.call('HINCRBY', key, 'size', int(added))
redis.call('HSET', key, 'header', ARGV[5], 'batch', int(batch), 'head_raw', int(head_raw), 'tail_raw', int(tail_raw),
  'first', int(first), 'pieces', int(pieces), 'written', int(now))
if ARGV[12] ~= '' then redis.call('HSET', key, 'ended', '1') end
if stopped ~= '' then redis.call('HSET', key, 'stopped', stopped) end
redis.call('ZADD', runs, 'NX', int(now), run)
redis.call('ZADD', 'pdev:logs', int(now), task)
local size = redis.call('HINCRBY', 'pdev:logs:sizes', task, int(added))

-- The oldest transcripts of the task make room for the newest.
local gone_runs = {}
while size > task_cap or redis.call('ZCARD', runs) > most_runs do
  local oldest = redis.call('ZRANGE', runs, 0, 0)[1]
  if oldest == run or not oldest then break end
  local other = 'pdev:log:' .. task .. ':' .. oldest
  local freed = tonumber(redis.call('HGET', other, 'size') or '0')
  redis.call('DEL', other, other .. ':head', other .. ':tail')
  redis.call('ZREM', runs, oldest)
  size = redis.call('HINCRBY', 'pdev:logs:sizes', task, int(-freed))
  added = added - freed
  redis.call('INCR', runs .. ':gone')
  gone_runs[#gone_runs + 1] = oldest
end
redis.call('INCRBY', 'pdev:logs:total', int(added))
for _, name in ipairs({key, key .. ':head', key .. ':tail', runs, runs .. ':gone', 'pdev:logs', 'pdev:logs:sizes',
    'pdev:logs:total'}) do
  redis.call('PEXPIRE', name, int(age))
end
return {outcome, dropped, gone_runs}
