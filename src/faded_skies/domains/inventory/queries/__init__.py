"""SQL of stock levels, and of the lots behind them."""
