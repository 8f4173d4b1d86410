// Does a thing.
