-- ARGV: shift, task (JSON, see save; besides version, epoch), record, the damaged record -> 1 | 0 if it changed meanwhile
local t = cjson.decode(ARGV[2])
local key = 'pdev:task:' .. t.id
if (redis.call('HGET', key, 'record') or '') ~= ARGV[4] then return 0 end
local version = math.max(tonumber(redis.call('HGET', key, 'version')) or 0, t.version) + 1
-- An epoch that cannot be read must not come back smaller than the one a worker holds.
local epoch = tonumber(redis.call('HGET', key, 'epoch')) or math.max(t.epoch + 1, now)
save(t, ARGV[3], version, epoch)
return 1
