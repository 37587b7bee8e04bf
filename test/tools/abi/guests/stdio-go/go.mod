module example.invalid/title

go 1.21
