//! Tokens, challenges and the sign-in conversation
