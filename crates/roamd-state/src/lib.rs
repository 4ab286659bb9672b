//! What nodes share and what expires
