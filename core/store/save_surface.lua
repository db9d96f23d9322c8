-- ARGV: shift, task id, surface, age ms, the version it shows
redis.call('SET', 'pdev:surface:' .. ARGV[2], ARGV[3], 'PX', ARGV[4])
local version = redis.call('HGET', 'pdev:task:' .. ARGV[2], 'version')
if not version or version == ARGV[5] then redis.call('ZREM', 'pdev:tasks:unreported', ARGV[2]) end
return 1
