//! The accept loop: deadlines, connection cap, graceful stop
