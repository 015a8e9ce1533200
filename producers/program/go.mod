module github.com/putrecords/putrecords/producers/program

go 1.25.0
