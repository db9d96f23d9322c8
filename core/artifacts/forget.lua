-- Forget every transcript of a task. ARGV: task -> how many there were
local runs = 'pdev:logs:' .. ARGV[1]
local names = redis.call('ZRANGE', runs, 0, -1)
for _, run in ipairs(names) do
  local key = 'pdev:log:' .. ARGV[1] .. ':' .. run
  redis.call('DEL', key, key .. ':head', key .. ':tail')
end
local size = tonumber(redis.call('HGET', 'pdev:logs:sizes', ARGV[1]) or '0')
redis.call('HDEL', 'pdev:logs:sizes', ARGV[1])
redis.call('ZREM', 'pdev:logs', ARGV[1])
redis.call('DEL', runs, runs .. ':gone')
if size ~= 0 then redis.call('INCRBY', 'pdev:logs:total', string.format('%d', -size)) end
return #names
