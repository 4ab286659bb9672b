//! A client of one farm: its controllers, pool and deadlines
