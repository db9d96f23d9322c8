-- ARGV: shift, lock, owner, ttl_ms -> 1 | 0 somebody else has it
local holder = redis.call('GET', ARGV[2])
if holder and holder ~= ARGV[3] then return 0 end
redis.call('SET', ARGV[2], ARGV[3], 'PX', ARGV[4])
return 1
