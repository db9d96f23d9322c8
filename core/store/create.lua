-- ARGV: shift, task (JSON, see save), record -> created | exists | session
local t = cjson.decode(ARGV[2])
local key = 'pdev:task:' .. t.id
if redis.call('EXISTS', key) == 1 then
  return redis.call('HGET', key, 'nonce') == t.nonce and 'created' or 'exists'
end
if not t.settled and not is_open(t.session) then return 'session' end
save(t, ARGV[3], 1, t.epoch)
return 'created'
