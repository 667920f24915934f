throw new Error('broken file');
