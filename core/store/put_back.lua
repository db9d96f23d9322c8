-- ARGV: shift, entry id, line, not before ms -> 1 | 0 somebody else finished it
redis.call('XACK', 'pdev:inbox', 'pdev', ARGV[2])
if redis.call('XDEL', 'pdev:inbox', ARGV[2]) == 0 then return 0 end
redis.call('HINCRBY', 'pdev:inbox:tries', ARGV[3], 1)
redis.call('ZADD', 'pdev:inbox:later', ARGV[4], ARGV[3])
return 1
