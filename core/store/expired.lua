-- ARGV: shift -> ids of tasks whose lease ran out
return redis.call('ZRANGEBYSCORE', 'pdev:leases', '-inf', int(now))
