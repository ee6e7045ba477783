//! What a server mostly does, for the compiler to see: `./build.sh image` builds a program that counts what is used, has it do this, and builds the one that is
//! shipped by what was counted.

use std::time::Duration;

use image_integrity_load::World;

const COLD: u64 = 200;

fn main() {
    let world = World::start(Duration::ZERO);
    let mut connection = world.client().connect();
    for number in 0..COLD {
        let (signed, unsigned) = (world.publish(number), world.publish_unsigned(COLD + number));
        connection.verifies(&[signed]);
        connection.denies(&unsigned, "SIGNATURE_NOT_FOUND");
    }
    for count in [1, 10] {
        let names: Vec<_> = (0..count).map(|number| world.publish(2 * COLD + number)).collect();
        connection.verifies(&names);
        world.client().load(&names);
    }
    // Only who ends in good order writes what was counted.
    world.end();
}
