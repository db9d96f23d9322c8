-- ARGV: shift -> how many lines came back into the stream
local lines = redis.call('ZRANGEBYSCORE', 'pdev:inbox:later', '-inf', int(now), 'LIMIT', 0, 1000)
for _, line in ipairs(lines) do
  redis.call('ZREM', 'pdev:inbox:later', line)
  local head = redis.call('LINDEX', 'pdev:line:' .. line, 0)
  local tries = redis.call('HGET', 'pdev:inbox:tries', line) or '0'
  if head then redis.call('XADD', 'pdev:inbox', '*', 'line', line, 'delivery', head, 'tries', tries) end
end
return #lines
