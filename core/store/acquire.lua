-- ARGV: shift, task id, epoch, owner, lease_ms, nonce -> 1 | 0 fenced or taken
local key = 'pdev:task:' .. ARGV[2]
local was = redis.call('HMGET', key, 'state', 'epoch', 'owner', 'acquired')
if was[1] ~= 'running' or was[2] ~= ARGV[3] then return 0 end
if was[3] and was[3] ~= '' and was[4] ~= ARGV[6] then return 0 end
redis.call('HSET', key, 'owner', ARGV[4], 'acquired', ARGV[6], 'lease_exp', int(now + ARGV[5]))
redis.call('ZADD', 'pdev:leases', int(now + ARGV[5]), ARGV[2])
return 1
