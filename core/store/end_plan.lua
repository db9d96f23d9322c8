-- ARGV: shift, token, the counter that was planned for, ttl_ms -> 1 over | 0 plan again, the lock is yours
local lock = 'pdev:plan:lock'
local holder = redis.call('GET', lock)
-- Our lock ran out and another planner read the counter after us: what is new is its business.
if holder and holder ~= ARGV[2] then return 1 end
if (redis.call('GET', 'pdev:plan:poke') or '0') == ARGV[3] then
  redis.call('SET', 'pdev:plan:done', ARGV[3])
  redis.call('DEL', lock)
  return 1
end
redis.call('SET', lock, ARGV[2], 'PX', ARGV[4])
return 0
