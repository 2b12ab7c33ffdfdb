"""`/v1`: commands are POSTs whose body is a contract, reads are GETs that change nothing."""
