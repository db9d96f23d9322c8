-- Stands before every script. ARGV[1] is always the clock's shift in milliseconds.
-- `real` is what arq compares with (its own clock knows no shift); `now` is what everything of ours compares with.
local time = redis.call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
local now = real + tonumber(ARGV[1])

local function int(number) return string.format('%d', number) end

local CONTROL, ATTEMPTS = 'pdev:control', 'pdev:attempts'
local MONTH = 30 * 86400000
local JOB_AGE = 86400000
local HISTORY = 10

-- Enqueue a job the way arq stores it; 0 if one of that id is waiting or running.
local function ring(queue, name, id, facts, delay)
  if redis.call('EXISTS', 'arq:job:' .. id, 'arq:result:' .. id) > 0 then return 0 end
  local job = '{"t":null,"f":"' .. name .. '","a":[],"k":' .. facts .. ',"et":' .. int(real) .. '}'
  redis.call('SET', 'arq:job:' .. id, job, 'PX', int(delay + JOB_AGE))
  redis.call('ZADD', queue, int(real + delay), id)
  if delay == 0 then redis.call('PUBLISH', queue .. ':wake', id) end
  return 1
end

local function poke()
  local count = int(redis.call('INCR', 'pdev:plan:poke'))
  ring(CONTROL, 'schedule', 'schedule:' .. count, '{"poke":' .. count .. '}', 0)
  return tonumber(count)
end

local function report(id, version)
  local facts = '{"task":' .. cjson.encode(id) .. ',"version":' .. int(version) .. '}'
  ring(CONTROL, 'report', 'report:' .. id .. ':' .. int(version), facts, 0)
end

-- `facts` is a flat list of names and values.
local function tell(event, task, facts)
  redis.call('XADD', 'pdev:events', 'MAXLEN', '~', '10000', '*',
    'event', event, 'task', task, 'at', int(now), unpack(facts))
end

local function forget_job(queue, id)
  redis.call('ZREM', queue, id)
  redis.call('DEL', 'arq:job:' .. id, 'arq:in-progress:' .. id, 'arq:retry:' .. id)
end

local function is_open(session) return redis.call('HGET', 'pdev:session:' .. session, 'state') == 'open' end

-- Write one version of a task with everything that must never be apart from it: history, indexes, event, doorbells.
-- `t`: id, repo, session, state, ended, settled, wish, nonce, poke, event, facts.
local function save(t, record, version, epoch)
  local key, history = 'pdev:task:' .. t.id, 'pdev:task:' .. t.id .. ':history'
  redis.call('HSET', key, 'record', record, 'version', int(version), 'epoch', int(epoch), 'state', t.state,
    'settled', t.settled and '1' or '0', 'wish', t.wish, 'nonce', t.nonce, 'format', t.format)
  redis.call('LPUSH', history, record)
  redis.call('LTRIM', history, 0, HISTORY - 1)
  if is_open(t.session) then redis.call('SADD', 'pdev:session:' .. t.session .. ':tasks', t.id) end
  if t.state ~= 'running' then
    redis.call('HDEL', key, 'owner', 'lease_exp', 'acquired')
    redis.call('ZREM', 'pdev:leases', t.id)
  end
  if t.ended then
    redis.call('SREM', 'pdev:tasks:live', t.id)
    redis.call('SREM', 'pdev:tasks:live:' .. t.repo, t.id)
    for _, ended in ipairs({'pdev:tasks:ended', 'pdev:tasks:ended:' .. t.repo}) do
      redis.call('ZADD', ended, int(now), t.id)
      redis.call('ZREMRANGEBYSCORE', ended, '-inf', int(now - MONTH))
      redis.call('PEXPIRE', ended, int(MONTH))
    end
    redis.call('ZREMRANGEBYSCORE', 'pdev:tasks:unreported', '-inf', int(now - MONTH))
    redis.call('PEXPIRE', key, int(MONTH))
    redis.call('PEXPIRE', history, int(MONTH))
    redis.call('PEXPIRE', 'pdev:spend:task:' .. t.id, int(MONTH))
  else
    redis.call('SADD', 'pdev:tasks:live', t.id)
    redis.call('SADD', 'pdev:tasks:live:' .. t.repo, t.id)
    redis.call('ZREM', 'pdev:tasks:ended', t.id)
    redis.call('ZREM', 'pdev:tasks:ended:' .. t.repo, t.id)
    redis.call('PERSIST', key)
    redis.call('PERSIST', history)
    redis.call('PERSIST', 'pdev:spend:task:' .. t.id)
  end
  if t.event ~= '' then tell(t.event, t.id, t.facts) end
  redis.call('ZADD', 'pdev:tasks:unreported', int(now), t.id)
  report(t.id, version)
  if t.poke then poke() end
end
