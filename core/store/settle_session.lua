-- ARGV: shift, repo id -> the id of the session that this call closed, or ''
local open = 'pdev:session:open:' .. ARGV[2]
local id = redis.call('GET', open)
if not id then return '' end
local key, tasks = 'pdev:session:' .. id, 'pdev:session:' .. id .. ':tasks'
local counted, failed = 0, 0
for _, task in ipairs(redis.call('SMEMBERS', tasks)) do
  local was = redis.call('HMGET', 'pdev:task:' .. task, 'settled', 'state')
  if was[1] == '0' then return '' end
  counted = counted + 1
  if was[2] == 'failed' then failed = failed + 1 end
end
-- Somebody opened it and has not added the task yet.
if counted == 0 then return '' end
local state = failed == counted and 'failed' or 'settled'
redis.call('HSET', key, 'state', state, 'ended_ms', int(now))
redis.call('PEXPIRE', key, int(MONTH))
redis.call('PEXPIRE', tasks, int(MONTH))
redis.call('PEXPIRE', 'pdev:spend:session:' .. id, int(MONTH))
redis.call('DEL', open)
redis.call('SREM', 'pdev:sessions:open', id)
redis.call('ZADD', 'pdev:sessions:unreported', int(now), id)
redis.call('ZREMRANGEBYSCORE', 'pdev:sessions:unreported', '-inf', int(now - MONTH))
tell('session.all_tasks_complete', '', {'session', id, 'repo', ARGV[2], 'state', state, 'tasks', int(counted)})
return id
