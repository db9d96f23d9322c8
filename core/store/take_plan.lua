-- ARGV: shift, token, ttl_ms -> the counter | -1 somebody plans
local lock = 'pdev:plan:lock'
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[2] then return -1 end
redis.call('SET', lock, ARGV[2], 'PX', ARGV[3])
return tonumber(redis.call('GET', 'pdev:plan:poke') or '0')
