-- ARGV: shift, task (JSON, see save; besides version), record, lease_ms, repo_cap -> granted | no_slot | repo_cap | moved, epoch, lease_exp
local t, lease, cap = cjson.decode(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local key = 'pdev:task:' .. t.id
local was = redis.call('HMGET', key, 'version', 'state', 'epoch', 'nonce', 'lease_exp')
if was[4] == t.nonce then return {'granted', tonumber(was[3]), tonumber(was[5])} end
if was[1] ~= t.version or was[2] ~= 'queued' then return {'moved', 0, 0} end
local slots, taken, here = 0, 0, 0
for _, id in ipairs(redis.call('SMEMBERS', 'pdev:workers')) do
  local worker = redis.call('GET', 'pdev:worker:' .. id)
  if worker then slots = slots + cjson.decode(worker).slots end
end
for _, id in ipairs(redis.call('ZRANGE', 'pdev:leases', 0, -1)) do
  taken = taken + 1
  if string.sub(id, 1, #t.repo + 1) == t.repo .. '-' then here = here + 1 end
end
if taken >= slots then return {'no_slot', 0, 0} end
if here >= cap then return {'repo_cap', 0, 0} end
local epoch = math.max(tonumber(was[3]) + 1, now)
redis.call('HSET', key, 'lease_exp', int(now + lease), 'owner', '')
redis.call('ZADD', 'pdev:leases', int(now + lease), t.id)
save(t, ARGV[3], tonumber(was[1]) + 1, epoch)
local facts = '{"task":' .. cjson.encode(t.id) .. ',"epoch":' .. int(epoch) .. ',"granted_ms":' .. int(now) .. '}'
ring(ATTEMPTS, 'attempt', 'attempt:' .. t.id .. ':' .. int(epoch), facts, 0)
return {'granted', epoch, now + lease}
