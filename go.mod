module csv-pipeline

go 1.26.5

require github.com/klauspost/compress v1.20.3

require golang.org/x/sys v0.49.0 // indirect
