"""What commands print: right at 80 columns, without colour and in a pipe."""
