-- ARGV: shift, lock, owner -> 1 | 0 it is not yours
if redis.call('GET', ARGV[2]) ~= ARGV[3] then return 0 end
return redis.call('DEL', ARGV[2])
