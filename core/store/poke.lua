-- ARGV: shift -> the counter
return poke()
