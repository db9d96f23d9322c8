-- ARGV: shift, task id, token, ttl_ms -> 1 | 0 somebody reports this task
local lock = 'pdev:report:' .. ARGV[2]
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[3] then return 0 end
redis.call('SET', lock, ARGV[3], 'PX', ARGV[4])
return 1
