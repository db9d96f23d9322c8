-- ARGV: shift, repo id, digest, the defaults' digest, max_agents, the default of that, age ms -> 1 it differs | 0 as last seen
local key = 'pdev:config:' .. ARGV[2]
local was = redis.call('HMGET', key, 'digest', 'max_agents')
redis.call('HSET', key, 'digest', ARGV[3], 'max_agents', ARGV[5])
redis.call('HINCRBY', key, 'seen', 1)
redis.call('PEXPIRE', key, ARGV[7])
if (was[1] or ARGV[4]) == ARGV[3] then return 0 end
tell('config.changed', '', {'repo', ARGV[2], 'digest', ARGV[3], 'max_agents', ARGV[5]})
if (was[2] or ARGV[6]) ~= ARGV[5] then poke() end
return 1
