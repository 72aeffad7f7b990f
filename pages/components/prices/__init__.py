"""What the page of prices is made of: pricing calls later on, and rates of other currencies."""
