//! Throwaway databases for the tests of the other crates.
