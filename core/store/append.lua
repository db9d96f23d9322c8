-- ARGV: shift, guid, line, delivery, guid age ms -> 1 | 0 a duplicate
-- Only the head of a line stands in the stream: so entries of one issue are handled one at a time and in order.
if not redis.call('SET', 'pdev:guid:' .. ARGV[2], int(now), 'NX', 'PX', ARGV[5]) then return 0 end
if redis.call('RPUSH', 'pdev:line:' .. ARGV[3], ARGV[4]) == 1 then
  redis.call('XADD', 'pdev:inbox', '*', 'line', ARGV[3], 'delivery', ARGV[4])
end
return 1
