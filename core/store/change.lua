-- ARGV: shift, task (JSON, see save; besides version, fence, bump, overdue), record
-- -> saved | missing | fenced | stale | alive | session, and the epoch
local t = cjson.decode(ARGV[2])
local key = 'pdev:task:' .. t.id
local was = redis.call('HMGET', key, 'version', 'state', 'epoch', 'nonce', 'lease_exp', 'wish')
if not was[1] then return {'missing', 0} end
local epoch = tonumber(was[3])
-- The connection broke after our own write, and the client sent it again.
if was[4] == t.nonce then return {'saved', epoch} end
if t.fence ~= '' and (was[2] ~= 'running' or was[3] ~= t.fence) then return {'fenced', epoch} end
if was[1] ~= t.version then return {'stale', epoch} end
if t.overdue and tonumber(was[5] or '0') > now then return {'alive', epoch} end
if not t.settled and not is_open(t.session) then return {'session', epoch} end
if t.bump then
  forget_job(ATTEMPTS, 'attempt:' .. t.id .. ':' .. int(epoch))
  epoch = math.max(epoch + 1, now)
end
save(t, ARGV[3], tonumber(was[1]) + 1, epoch)
if t.wish ~= '' and t.wish ~= was[6] then redis.call('PUBLISH', 'pdev:wish:' .. t.id, t.wish) end
return {'saved', epoch}
