-- ARGV: shift, task id, epoch, owner, lease_ms -> ok | cancel | pause | lost
local key = 'pdev:task:' .. ARGV[2]
local was = redis.call('HMGET', key, 'state', 'epoch', 'owner', 'wish')
if was[1] ~= 'running' or was[2] ~= ARGV[3] or was[3] ~= ARGV[4] then return 'lost' end
redis.call('HSET', key, 'lease_exp', int(now + ARGV[5]))
redis.call('ZADD', 'pdev:leases', int(now + ARGV[5]), ARGV[2])
return (was[4] and was[4] ~= '') and was[4] or 'ok'
