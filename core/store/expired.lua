-- ARGV: shift, blind_ms (0: no grace), grace_ms -> ids of running tasks whose lease ran out
local looked, blind = redis.call('GET', 'pdev:leases:looked'), tonumber(ARGV[2])
redis.call('SET', 'pdev:leases:looked', int(real))
local graced = blind > 0 and looked and real - tonumber(looked) > blind
local expired = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', 'pdev:leases', '-inf', int(now))) do
  local key = 'pdev:task:' .. id
  if redis.call('HGET', key, 'state') ~= 'running' then
    redis.call('ZREM', 'pdev:leases', id) -- its record was deleted by hand, and the slot is free
  elseif graced then
    redis.call('HSET', key, 'lease_exp', int(now + ARGV[3]))
    redis.call('ZADD', 'pdev:leases', int(now + ARGV[3]), id)
  else
    expired[#expired + 1] = id
  end
end
return expired
