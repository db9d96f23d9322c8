-- ARGV: shift, entry id, line -> 1 | 0 somebody else finished it
redis.call('XACK', 'pdev:inbox', 'pdev', ARGV[2])
if redis.call('XDEL', 'pdev:inbox', ARGV[2]) == 0 then return 0 end
redis.call('LPOP', 'pdev:line:' .. ARGV[3])
redis.call('HDEL', 'pdev:inbox:tries', ARGV[3])
local next = redis.call('LINDEX', 'pdev:line:' .. ARGV[3], 0)
if next then redis.call('XADD', 'pdev:inbox', '*', 'line', ARGV[3], 'delivery', next) end
return 1
