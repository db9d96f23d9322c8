-- ARGV: shift, task id, token, the version that was reported or '' to let go in any case, ttl_ms
-- -> 1 over | 0 report again, the lock is yours
local lock = 'pdev:report:' .. ARGV[2]
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[3] then return 1 end
local version = redis.call('HGET', 'pdev:task:' .. ARGV[2], 'version')
if ARGV[4] == '' or not version or version == ARGV[4] then
  redis.call('DEL', lock)
  return 1
end
redis.call('SET', lock, ARGV[3], 'PX', ARGV[5])
return 0
