//! The gateway: routes, negotiation, status codes
