//! The control plane's suite, asked of the Lambda functions under Amazon's runtime interface emulator.

use house_tests::lambda::EmulatedFunctions;

house_tests::control_plane_suite!(EmulatedFunctions::start());
house_tests::control_plane_addresses!(EmulatedFunctions::start());
house_tests::control_plane_preflights!(EmulatedFunctions::start());
house_tests::control_plane_outages!(EmulatedFunctions::start());
