module image-integrity.test/peers/provider

go 1.26.0
