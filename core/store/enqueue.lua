-- ARGV: shift, queue, name, job id, facts (JSON), delay_ms -> 1 | 0 it is there already
return ring(ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]))
