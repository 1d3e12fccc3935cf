"""The rules of the register, and their way to AWS: the package that functions, web and command line share."""
