module upstream-twin/fixuid

go 1.24
