module github.com/putrecords/putrecords/examples

go 1.26.0

require github.com/putrecords/putrecords v0.0.0

replace github.com/putrecords/putrecords => ../
