-- ARGV: shift, scope (session | repository_day), its session or repository id, cause, micro-dollars, tokens -> 1 | 0 granted before
local key = 'pdev:spend:session:' .. ARGV[3]
if ARGV[2] ~= 'session' then key = 'pdev:spend:day:' .. int(math.floor(now / 86400000)) .. ':repo:' .. ARGV[3] end
if redis.call('HSETNX', key, 'by:' .. ARGV[4], '1') == 0 then return 0 end
redis.call('HINCRBY', key, 'granted_usd', ARGV[5])
redis.call('HINCRBY', key, 'granted_tokens', ARGV[6])
if ARGV[2] ~= 'session' then
  redis.call('PEXPIRE', key, 40 * 86400000)
elseif not is_open(ARGV[3]) then
  redis.call('PEXPIRE', key, int(MONTH))
end
return 1
