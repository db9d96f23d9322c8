-- ARGV: shift -> ids of running tasks whose lease ran out
local expired = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', 'pdev:leases', '-inf', int(now))) do
  if redis.call('HGET', 'pdev:task:' .. id, 'state') == 'running' then
    expired[#expired + 1] = id
  else
    redis.call('ZREM', 'pdev:leases', id) -- its record was deleted by hand, and the slot is free
  end
end
return expired
