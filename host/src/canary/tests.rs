//! The gate with simulated traffic: how often it is wrong, and how soon it is right.

mod certainty;
mod clients;
mod requests;
mod rollouts;
mod rules;
mod simulate;
