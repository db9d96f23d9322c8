-- ARGV: shift, task id, token, ttl_ms -> 1 yours, from now for ttl_ms | 0 it ran out
local lock = 'pdev:report:' .. ARGV[2]
if redis.call('GET', lock) ~= ARGV[3] then return 0 end
redis.call('PEXPIRE', lock, ARGV[4])
return 1
