-- ARGV: shift, token, ttl_ms, the poke that asks or '' -> the counter | -1 somebody plans, or has planned for that poke
local lock = 'pdev:plan:lock'
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[2] then return -1 end
local count = redis.call('GET', 'pdev:plan:poke') or '0'
local planned = tonumber(redis.call('GET', 'pdev:plan:done') or '0')
-- After a wipe the counter starts again, and what was planned before means nothing.
if ARGV[4] ~= '' and planned >= tonumber(ARGV[4]) and planned <= tonumber(count) then return -1 end
redis.call('SET', lock, ARGV[2], 'PX', ARGV[3])
return tonumber(count)
