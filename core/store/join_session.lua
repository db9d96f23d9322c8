-- ARGV: shift, repo id, day, session (JSON without its id) -> record, state
local open = 'pdev:session:open:' .. ARGV[2]
local id = redis.call('GET', open)
if not (id and is_open(id)) then
  local count = 'pdev:session:count:' .. ARGV[2] .. ':' .. ARGV[3]
  -- A session that outlived a lost counter must not be opened again.
  repeat
    id = ARGV[2] .. '-' .. ARGV[3] .. '-' .. string.format('%03d', redis.call('INCR', count))
  until redis.call('EXISTS', 'pdev:session:' .. id) == 0
  redis.call('PEXPIRE', count, 2 * 86400000)
  redis.call('HSET', 'pdev:session:' .. id, 'record', ARGV[4], 'state', 'open', 'id', id)
  redis.call('SET', open, id)
  redis.call('SADD', 'pdev:sessions:open', id)
  tell('session.started', '', {'session', id, 'repo', ARGV[2]})
end
return id
