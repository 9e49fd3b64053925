module csv-pipeline

go 1.26.5
