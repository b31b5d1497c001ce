//! The vault: master key, keyring, data keys and sealed records.
