-- ARGV: shift, task id, stage key, session id, repo id, owner, run key or '',
--       what the run has used in all so far: micro-dollars, tokens, turns
-- -> for each purse (stage, task, session, repository, owner, server): micro-dollars, tokens, turns, granted micro-dollars, granted tokens
local DAY, KEPT, RUN_AGE = 86400000, 40 * 86400000, 2 * 86400000
local day = 'pdev:spend:day:' .. int(math.floor(now / DAY)) .. ':'
local task, session = 'pdev:spend:task:' .. ARGV[2], 'pdev:spend:session:' .. ARGV[4]
local purses = {
  {task, ARGV[3] .. ':'}, {task, ''}, {session, ''},
  {day .. 'repo:' .. ARGV[5], ''}, {day .. 'owner:' .. ARGV[6], ''}, {day .. 'server', ''},
}
local kinds = {'usd', 'tokens', 'turns'}
if ARGV[7] ~= '' then
  -- Sums and not steps, so that charging twice, late or out of order charges once.
  local run, more = 'pdev:spend:run:' .. ARGV[7], {}
  for i, kind in ipairs(kinds) do
    local used = tonumber(ARGV[7 + i])
    local charged = tonumber(redis.call('HGET', run, kind) or '0')
    if used > charged then
      redis.call('HSET', run, kind, int(used))
      more[kind] = used - charged
    end
  end
  if next(more) then
    redis.call('PEXPIRE', run, RUN_AGE)
    for _, purse in ipairs(purses) do
      for kind, amount in pairs(more) do redis.call('HINCRBY', purse[1], purse[2] .. kind, int(amount)) end
    end
    for i = 4, 6 do redis.call('PEXPIRE', purses[i][1], KEPT) end
    if not is_open(ARGV[4]) then redis.call('PEXPIRE', session, int(MONTH)) end
    if redis.call('EXISTS', 'pdev:task:' .. ARGV[2]) == 0 then redis.call('PEXPIRE', task, int(MONTH)) end
  end
end
local found = {}
for _, purse in ipairs(purses) do
  local p = purse[2]
  local has = redis.call('HMGET', purse[1], p .. 'usd', p .. 'tokens', p .. 'turns', p .. 'granted_usd', p .. 'granted_tokens')
  for i = 1, 5 do found[#found + 1] = has[i] or '0' end
end
return found
